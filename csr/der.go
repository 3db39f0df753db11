package csr

import "encoding/asn1"

// anyCount allows any number of elements.
const anyCount = -1

// split reads one constructed element of a universal type, with nothing after it, and
// returns the elements in it. There have to be count of them.
func split(der []byte, tag, count int) ([]asn1.RawValue, error) {
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(der, &v)
	switch {
	case err != nil:
		return nil, err
	case len(rest) > 0 || v.Class != asn1.ClassUniversal || v.Tag != tag || !v.IsCompound:
		return nil, errForm
	}
	all, err := elements(v.Bytes)
	if err == nil && count != anyCount && len(all) != count {
		err = errForm
	}
	return all, err
}

// elements reads a sequence of elements.
func elements(der []byte) ([]asn1.RawValue, error) {
	var all []asn1.RawValue
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return nil, err
		}
		all, der = append(all, v), rest
	}
	return all, nil
}

// is reports whether an element is primitive and of that universal type.
func is(v asn1.RawValue, tag int) bool {
	return v.Class == asn1.ClassUniversal && v.Tag == tag && !v.IsCompound
}

func readOID(v asn1.RawValue) (string, error) {
	var id asn1.ObjectIdentifier
	_, err := asn1.Unmarshal(v.FullBytes, &id)
	return id.String(), err
}
