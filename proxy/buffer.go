package proxy

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

// bufferPool recycles buffers of one size. It keeps a few; a sync.Pool would keep
// as many as were ever needed at once for several collections more.
type bufferPool struct {
	size int
	free chan *[]byte
}

func newBufferPool(size, keep int) *bufferPool {
	return &bufferPool{size: size, free: make(chan *[]byte, keep)}
}

func (p *bufferPool) get() *[]byte {
	select {
	case b := <-p.free:
		return b
	default:
		b := make([]byte, p.size)
		return &b
	}
}

func (p *bufferPool) put(b *[]byte) {
	select {
	case p.free <- b:
	default:
	}
}

var (
	plainBuffers = newBufferPool(bigPlain, 32)
	tlsBuffers   = newBufferPool(bigTLS, 64)
	copyBuffers  = newBufferPool(32<<10, 16) // for bodies of plain HTTP
)
