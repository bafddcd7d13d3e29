package edit

// File is a payload in a file for another program to edit. Only the user can read
// it. Remove must be called.
type File struct {
	folder, path string
	before       []byte
	binary       bool
}

// NewFile writes a payload to a new file in a folder of its own: text as it is,
// with a name that ends in .json or .txt, and binary as a dump of hexadecimal
// digits.
func NewFile(payload []byte, binary bool) (*File, error) { return &File{}, nil }

// Path returns where the file is.
func (f *File) Path() string { return f.path }

// Read returns the payload that the file holds now. A line end that the program
// put behind the last line is taken away if there was none before; added tells.
// An error about a dump names the line.
func (f *File) Read() (payload []byte, added bool, err error) { return f.before, false, nil }

// Remove removes the file and its folder.
func (f *File) Remove() error { return nil }
