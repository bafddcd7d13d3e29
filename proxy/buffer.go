package proxy

import "sync"

// firstBuffer is the size of the buffer a direction reads into while its reads
// are small. It is what an idle connection holds, twice.
const firstBuffer = 1 << 10

// The sizes of the buffers for reads that fill the first one. Larger ones make
// no difference that could be measured; a TLS read returns one record at most,
// which is 16 KiB.
const (
	bigPlain = 64 << 10
	bigTLS   = 16 << 10
)

// bufferPool recycles buffers of one size.
type bufferPool struct{ pool sync.Pool }

func newBufferPool(size int) *bufferPool {
	return &bufferPool{sync.Pool{New: func() any {
		b := make([]byte, size)
		return &b
	}}}
}

func (p *bufferPool) get() *[]byte  { return p.pool.Get().(*[]byte) }
func (p *bufferPool) put(b *[]byte) { p.pool.Put(b) }

var (
	plainBuffers = newBufferPool(bigPlain)
	tlsBuffers   = newBufferPool(bigTLS)
	copyBuffers  = newBufferPool(32 << 10) // for bodies of plain HTTP
)
