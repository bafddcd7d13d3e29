package decode

import "github.com/wsluice/wsluice/frame"

// readWrapped reads payloads that are a JSON web token, compressed, or text in
// base64. The tree is that of what is found inside, however often it is wrapped.
func readWrapped(in *Input) (*Reading, string) {
	sc := newScope()
	node := Node{Kind: Bytes, Size: len(in.Payload), raw: in.Payload}
	if in.Type == frame.Text {
		node.Kind = String
	}
	whole := in.Whole && len(in.Payload) <= headSize
	f := sc.find(in.Payload[:min(len(in.Payload), headSize)], whole)
	if f == nil || f.name == "JSON" {
		return nil, ""
	}
	node.Count = 1
	node.within = &inside{scope: sc, format: f, data: node.Data}
	r := &Reading{trust: certain}
	for node.Count == 1 && (node.Kind == String || node.Kind == Bytes) {
		kids, err := node.Children(0, 1)
		if err != nil || len(kids) == 0 {
			return nil, "not " + f.name + " after all"
		}
		node = kids[0]
		name := node.Key
		if r.Decoder != "" {
			name += " in " + r.Decoder
		}
		r.Decoder = name
		if r.Note == "" {
			r.Note = node.Note
		}
	}
	switch node.Kind {
	case String:
		r.Decoder = "text in " + r.Decoder
	case Bytes:
		r.Decoder = "bytes in " + r.Decoder
	}
	node.Key, node.KeyKind = "", None
	r.Root = node
	return r, ""
}
