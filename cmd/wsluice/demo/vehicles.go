package demo

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/wsluice/wsluice/frame"
)

// reading is what a vehicle reports.
type reading struct {
	sequence            int
	at                  time.Time
	latitude, longitude float64
	speed, charge       float64
	doors               int
	warnings            []string
	raw                 []byte
}

// encoding writes a reading in one format.
type encoding func(dst []byte, vehicle string, r reading) []byte

func (r reading) record(vehicle string) record {
	warnings := list{}
	for _, w := range r.warnings {
		warnings = append(warnings, w)
	}
	return record{
		{"vehicle", vehicle}, {"seq", r.sequence}, {"at", r.at},
		{"position", record{{"lat", r.latitude}, {"lon", r.longitude}}},
		{"speed", r.speed}, {"battery", record{{"charge", r.charge}, {"charging", r.speed == 0}}},
		{"doors", r.doors}, {"warnings", warnings}, {"can", r.raw}, {"driver", nil},
	}
}

func messagePack(dst []byte, vehicle string, r reading) []byte {
	return appendMessagePack(dst, r.record(vehicle))
}

func cbor(dst []byte, vehicle string, r reading) []byte {
	return appendCBOR(dst, r.record(vehicle))
}

// protobuf writes
//
//	message Reading {
//	  string vehicle = 1;
//	  uint64 seq = 2;
//	  fixed64 at_millis = 3;
//	  message Position { double lat = 1; double lon = 2; }
//	  Position position = 4;
//	  float speed = 5;
//	  float charge = 6;
//	  sint32 doors = 7;
//	  repeated string warnings = 8;
//	  bytes can = 9;
//	}
func protobuf(dst []byte, vehicle string, r reading) []byte {
	const varint, fixed64, bytes, fixed32 = 0, 1, 2, 5
	tag := func(number, kind byte) { dst = append(dst, number<<3|kind) }
	lengthed := func(number byte, value []byte) {
		tag(number, bytes)
		dst = append(binary.AppendUvarint(dst, uint64(len(value))), value...)
	}
	lengthed(1, []byte(vehicle))
	tag(2, varint)
	dst = binary.AppendUvarint(dst, uint64(r.sequence))
	tag(3, fixed64)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.at.UnixMilli()))
	position := binary.LittleEndian.AppendUint64([]byte{1<<3 | fixed64}, math.Float64bits(r.latitude))
	position = binary.LittleEndian.AppendUint64(append(position, 2<<3|fixed64), math.Float64bits(r.longitude))
	lengthed(4, position)
	tag(5, fixed32)
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(r.speed)))
	tag(6, fixed32)
	dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(r.charge)))
	tag(7, varint)
	dst = binary.AppendVarint(dst, int64(r.doors)) // zigzag, as sint32
	for _, w := range r.warnings {
		lengthed(8, []byte(w))
	}
	lengthed(9, r.raw)
	return dst
}

// driveWith returns a vehicle that reports in a format.
func driveWith(encode encoding) func(*actor) error {
	return func(a *actor) error {
		r := reading{latitude: 53.54 + a.rng.Float64()/20, longitude: 9.96 + a.rng.Float64()/20, charge: 80, raw: make([]byte, 8)}
		heading := a.rng.Float64() * 2 * math.Pi
		for {
			r.sequence++
			r.at = a.now
			heading += (a.rng.Float64() - 0.5) / 3
			r.speed = round(max(0, 38+20*math.Sin(float64(r.sequence)/9)+3*a.rng.NormFloat64()), 1)
			r.latitude = round(r.latitude+r.speed*math.Cos(heading)/400_000, 6)
			r.longitude = round(r.longitude+r.speed*math.Sin(heading)/250_000, 6)
			r.charge = round(r.charge-0.01, 2)
			if r.charge < 10 {
				r.charge = 80
			}
			r.doors, r.warnings = 0, nil
			if r.sequence%9 == 8 {
				r.doors, r.warnings = -1, []string{"door_ajar", "tyre_pressure_low"}
			}
			binary.BigEndian.PutUint64(r.raw, a.rng.Uint64())
			if err := a.peer.send(frame.Binary, encode(nil, a.query("vehicle"), r)); err != nil {
				return err
			}
			if err := a.pause(time.Duration(1000+a.rng.IntN(400)) * time.Millisecond); err != nil {
				return err
			}
		}
	}
}

// followVehicle is the server of a vehicle: it acknowledges now and then, with an
// order from time to time.
func followVehicle(a *actor) error {
	heard := 0
	return a.until(func(message) error {
		heard++
		switch {
		case heard%12 == 6:
			return a.say(record{{"command", "report_interval"}, {"seconds", 1}, {"vehicle", a.query("vehicle")}})
		case heard%4 == 2:
			return a.say(record{{"ack", heard}})
		}
		return nil
	})
}
