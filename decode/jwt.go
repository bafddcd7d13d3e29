package decode

import (
	"bytes"
	"encoding/base64"
	"fmt"
)

// maxJWT bounds a JSON web token; those in use take a few kilobytes.
const maxJWT = headSize

// fitsJWT guesses at a signed token in its compact form (RFC 7515 section 3.1).
func fitsJWT(_ scope, head []byte, whole bool) bool {
	if !whole || len(head) > maxJWT || !bytes.HasPrefix(head, []byte("eyJ")) || bytes.Count(head, []byte{'.'}) != 2 {
		return false
	}
	_, err := splitJWT(head)
	return err == nil
}

// splitJWT returns the three decoded parts of a token.
func splitJWT(data []byte) (parts [3][]byte, err error) {
	for i, part := range bytes.SplitN(data, []byte{'.'}, 3) {
		parts[i] = make([]byte, base64.RawURLEncoding.DecodedLen(len(part)))
		n, err := base64.RawURLEncoding.Strict().Decode(parts[i], part)
		if err != nil {
			return parts, fmt.Errorf("part %d: %w", i+1, err)
		}
		parts[i] = parts[i][:n]
	}
	scan := scanJSON(parts[0])
	if scan == nil || scan.wrong != nil || !scan.member {
		return parts, errNotInside
	}
	return parts, nil
}

// openJWT shows a token: its header and claims as JSON (RFC 7519), and its
// signature, which nobody verified.
func openJWT(s scope, data []byte) (Node, error) {
	parts, err := splitJWT(data)
	if err != nil {
		return Node{}, err
	}
	*s.made += len(data)
	members := make(nodes, 3)
	for i, key := range [...]string{"header", "claims"} {
		node := s.content(parts[i])
		if scan := scanJSON(parts[i]); scan != nil && scan.wrong == nil {
			node = scan.root(s, -1)
		}
		node.Key, node.KeyKind = key, String
		members[i] = node
	}
	signature := Node{
		Key: "signature", KeyKind: String, Kind: Bytes, Note: "not verified",
		Offset: -1, Size: len(parts[2]), raw: parts[2],
	}
	if len(parts[2]) == 0 {
		signature.Note = "none: the token is not signed"
	}
	signature.Value, signature.Cut = hexadecimal(parts[2])
	members[2] = signature
	return Node{Kind: Object, Note: "signature not verified", Offset: -1, Size: len(data), Count: 3, raw: data, within: members}, nil
}

// nodes are children that were made beforehand.
type nodes []Node

func (b nodes) children(dst []Node, from, n int) ([]Node, error) {
	return append(dst, b[from:min(len(b), from+n)]...), nil
}
