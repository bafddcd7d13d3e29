package store

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

// The buckets of a capture.
var (
	bucketMeta   = []byte("meta")
	bucketConns  = []byte("conns")  // connection id -> connection
	bucketCstat  = []byte("cstat")  // id of an open connection -> its counters
	bucketBlocks = []byte("blocks") // first global number -> block of records
	bucketCidx   = []byte("cidx")   // connection id, first seq -> where its records are
	bucketChunks = []byte("chunks") // global number, offset -> part of a long payload
)

// The buckets that are made when they are needed.
var (
	bucketEvents = []byte("events") // number -> event
	bucketTomb   = []byte("tomb")   // id of a deleted connection -> last global number it may have
	bucketGaps   = []byte("gaps")   // connection id, first missing seq -> how many are missing
	bucketMarks  = []byte("marks")  // connection id, seq of a message's first frame -> mark
)

var buckets = [...][]byte{bucketMeta, bucketConns, bucketCstat, bucketBlocks, bucketCidx, bucketChunks}

// The keys of the meta bucket.
var (
	keySchema   = []byte("schema")   // u16 major, u16 minor
	keyFeatures = []byte("features") // one name a line a reader must know
	keyApp      = []byte("app")      // what created the capture
	keyCreated  = []byte("created")  // i64 nanoseconds since 1970
	keyIndexed  = []byte("indexed")  // u64: last global number cidx covers
	keyCounted  = []byte("counted")  // u64: last global number cstat covers
	keyPruned   = []byte("pruned")   // u64: last global number that was removed
	keyIssued   = []byte("issued")   // u64: last connection id of which the record may be gone
)

// The version of the format this package writes. A reader refuses a newer
// major version and reads a newer minor one.
const (
	schemaMajor = 1
	schemaMinor = 4
)

// The features a reader must know, since it would take a capture that has them
// for another than it is.
const (
	featurePruned = "pruned" // meta pruned
	featureTomb   = "tomb"   // bucket tomb
	featureGaps   = "gaps"   // bucket gaps
	featureZstd   = "zstd"   // blocks with codec 2
)

var features = []string{featurePruned, featureTomb, featureGaps, featureZstd}

// The measures of the format.
const (
	// blockSize is the size of a block's records, before compression, at which
	// it is complete.
	blockSize = 64 << 10
	// partSize is the longest part of a payload in the chunks bucket, and the
	// longest payload that is kept in a block.
	partSize = 128 << 10
	// previewSize is how much of a longer payload is kept in its block too.
	previewSize = 4 << 10
	// maxRaw bounds what a reader inflates: a block that was nearly complete,
	// the longest record, and room for another writer's choices.
	maxRaw = 1 << 20
	// maxRunEntries bounds the entries of one value in cidx.
	maxRunEntries = 512
)

// initialise makes db an empty capture.
func initialise(tx *bolt.Tx, app string, now time.Time) error {
	for _, name := range buckets {
		if _, err := tx.CreateBucket(name); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	meta := tx.Bucket(bucketMeta)
	for _, kv := range []struct{ k, v []byte }{
		{keySchema, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, schemaMajor), schemaMinor)},
		{keyFeatures, nil},
		{keyApp, []byte(app)},
		{keyCreated, u64(uint64(now.UnixNano()))},
		{keyIndexed, u64(0)},
		{keyCounted, u64(0)},
	} {
		if err := meta.Put(kv.k, kv.v); err != nil {
			return fmt.Errorf("write %s: %w", kv.k, err)
		}
	}
	return nil
}

// empty reports whether the database holds nothing at all, as after a crash
// between its creation and initialise.
func empty(tx *bolt.Tx) bool {
	k, _ := tx.Cursor().First()
	return k == nil
}

// checkSchema returns an error when the capture is none, or not for this
// program to read.
func checkSchema(tx *bolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if meta == nil {
		return fmt.Errorf("%w: bucket meta is missing", ErrNotCapture)
	}
	schema := meta.Get(keySchema)
	if len(schema) != 4 {
		return fmt.Errorf("%w: schema version is missing", ErrNotCapture)
	}
	if err := checkVersion(schema, meta.Get(keyFeatures)); err != nil {
		return err
	}
	for _, name := range buckets {
		if tx.Bucket(name) == nil {
			return corrupt("bucket %s is missing", name)
		}
	}
	return nil
}

// checkVersion returns an error when a capture is too new for this program.
func checkVersion(schema, required []byte) error {
	major, minor := binary.BigEndian.Uint16(schema), binary.BigEndian.Uint16(schema[2:])
	if major == 0 || major > schemaMajor {
		return fmt.Errorf("%w: it has version %d.%d, this wsluice reads up to %d.x", ErrVersion, major, minor, schemaMajor)
	}
	names := slices.DeleteFunc(strings.Fields(string(required)), func(name string) bool {
		return slices.Contains(features, name)
	})
	if len(names) > 0 {
		return fmt.Errorf("%w: it has version %d.%d and needs %q, this wsluice has version %d.%d without",
			ErrVersion, major, minor, names, schemaMajor, schemaMinor)
	}
	return nil
}

// upgrade makes the version of a capture that of this package, whose additions
// it may get.
func upgrade(tx *bolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	if schema := meta.Get(keySchema); binary.BigEndian.Uint16(schema[2:]) >= schemaMinor {
		return nil
	}
	return meta.Put(keySchema, binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, schemaMajor), schemaMinor))
}

// require notes that the capture has a feature from now on.
func require(tx *bolt.Tx, feature string) error {
	meta := tx.Bucket(bucketMeta)
	names := strings.Fields(string(meta.Get(keyFeatures)))
	if slices.Contains(names, feature) {
		return nil
	}
	return meta.Put(keyFeatures, []byte(strings.Join(append(names, feature), "\n")))
}

// metaOptional reads a u64 of the meta bucket that need not be there: then it
// is 0.
func metaOptional(tx *bolt.Tx, key []byte) (uint64, error) {
	if tx.Bucket(bucketMeta).Get(key) == nil {
		return 0, nil
	}
	return metaNumber(tx, key)
}

// metaNumber reads a u64 of the meta bucket.
func metaNumber(tx *bolt.Tx, key []byte) (uint64, error) {
	v := tx.Bucket(bucketMeta).Get(key)
	if len(v) != 8 {
		return 0, corrupt("meta %s has %d bytes, want 8", key, len(v))
	}
	return binary.BigEndian.Uint64(v), nil
}

// u64 returns the key or value that stands for n.
func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// pair returns the key made of a and b.
func pair(a, b uint64) []byte { return binary.BigEndian.AppendUint64(u64(a), b) }

// number reads a key made by u64.
func number(bucket string, key []byte) (uint64, error) {
	if len(key) != 8 {
		return 0, corrupt("bucket %s has a key of %d bytes, want 8", bucket, len(key))
	}
	return binary.BigEndian.Uint64(key), nil
}

// numbers reads a key made by pair.
func numbers(bucket string, key []byte) (a, b uint64, err error) {
	if len(key) != 16 {
		return 0, 0, corrupt("bucket %s has a key of %d bytes, want 16", bucket, len(key))
	}
	return binary.BigEndian.Uint64(key), binary.BigEndian.Uint64(key[8:]), nil
}
