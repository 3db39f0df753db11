package csr

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"iter"
)

// content is everything in a CSR except its key. The parser is stricter than crypto/x509,
// which ignores trailing fields, attributes that it cannot read, and names of unknown types.
type content struct {
	subject    []attribute
	attributes []attribute
	extensions []extension
	names      Names
	others     []int // tags of the names that are neither URIs nor DNS names
}

// attribute is an Attribute of RFC 2986 §4.1, or an AttributeTypeAndValue of RFC 5280
// §4.1.2.4.
type attribute struct {
	id     string
	values []asn1.RawValue
}

type extension struct {
	id    string
	value []byte
}

// Object identifiers of RFC 2985 §5.4.2 and RFC 5280 §4.2.1.
const (
	oidExtensionRequest = "1.2.840.113549.1.9.14"
	oidKeyUsage         = "2.5.29.15"
	oidSubjectAltName   = "2.5.29.17"
	oidBasicConstraints = "2.5.29.19"
	oidExtKeyUsage      = "2.5.29.37"
	oidServerAuth       = "1.3.6.1.5.5.7.3.1"
	oidClientAuth       = "1.3.6.1.5.5.7.3.2"
)

// Tags of a GeneralName (RFC 5280 §4.2.1.6).
const (
	tagDNSName = 2
	tagURI     = 6
)

var errForm = errors.New("has unexpected or missing elements")

// readContent reads a CertificationRequest (RFC 2986 §4). Errors name the
// malformed part.
func readContent(der []byte) (*content, error) {
	parts, err := split(der, asn1.TagSequence, 3)
	if err != nil {
		return nil, fmt.Errorf("the request: %w", err)
	}
	info, err := split(parts[0].FullBytes, asn1.TagSequence, 4)
	if err != nil {
		return nil, fmt.Errorf("the request information: %w", err)
	}
	if string(info[0].FullBytes) != "\x02\x01\x00" {
		return nil, errors.New("the version: is not 0")
	}
	c := &content{}
	if err := c.readSubject(info[1]); err != nil {
		return nil, fmt.Errorf("the subject: %w", err)
	}
	if err := c.readAttributes(info[3]); err != nil {
		return nil, fmt.Errorf("the attributes: %w", err)
	}
	if err := c.readExtensions(); err != nil {
		return nil, fmt.Errorf("the extensions: %w", err)
	}
	if err := c.readNames(); err != nil {
		return nil, fmt.Errorf("the subject alternative name: %w", err)
	}
	return c, nil
}

func (c *content) readSubject(v asn1.RawValue) error {
	sets, err := split(v.FullBytes, asn1.TagSequence, anyCount)
	if err != nil {
		return err
	}
	for _, set := range sets {
		pairs, err := split(set.FullBytes, asn1.TagSet, anyCount)
		if err != nil {
			return err
		}
		for _, pair := range pairs {
			a, err := readAttribute(pair)
			if err != nil {
				return err
			}
			c.subject = append(c.subject, a)
		}
	}
	return nil
}

func (c *content) readAttributes(v asn1.RawValue) error {
	if v.Class != asn1.ClassContextSpecific || v.Tag != 0 || !v.IsCompound {
		return errForm
	}
	all, err := elements(v.Bytes)
	if err != nil {
		return err
	}
	for _, one := range all {
		a, err := readAttribute(one)
		if err != nil {
			return err
		}
		if a.values, err = split(a.values[0].FullBytes, asn1.TagSet, anyCount); err != nil {
			return err
		}
		c.attributes = append(c.attributes, a)
	}
	return nil
}

func readAttribute(v asn1.RawValue) (attribute, error) {
	pair, err := split(v.FullBytes, asn1.TagSequence, 2)
	if err != nil {
		return attribute{}, err
	}
	id, err := readOID(pair[0])
	return attribute{id: id, values: pair[1:]}, err
}

func (c *content) readExtensions() error {
	for _, a := range c.attributes {
		if a.id != oidExtensionRequest {
			continue
		}
		for _, value := range a.values {
			all, err := split(value.FullBytes, asn1.TagSequence, anyCount)
			if err != nil {
				return err
			}
			for _, one := range all {
				e, err := readExtension(one)
				if err != nil {
					return err
				}
				c.extensions = append(c.extensions, e)
			}
		}
	}
	return nil
}

// readExtension reads an Extension (RFC 5280 §4.1). Its criticality is ignored: known
// extensions are always evaluated, and unknown ones always refused.
func readExtension(v asn1.RawValue) (extension, error) {
	parts, err := split(v.FullBytes, asn1.TagSequence, anyCount)
	switch {
	case err != nil:
		return extension{}, err
	case len(parts) == 3 && is(parts[1], asn1.TagBoolean):
		parts = append(parts[:1], parts[2])
	case len(parts) != 2:
		return extension{}, errForm
	}
	id, err := readOID(parts[0])
	if err == nil && !is(parts[1], asn1.TagOctetString) {
		err = errForm
	}
	return extension{id: id, value: parts[1].Bytes}, err
}

func (c *content) readNames() error {
	for _, e := range c.extensions {
		if e.id != oidSubjectAltName {
			continue
		}
		names, err := split(e.value, asn1.TagSequence, anyCount)
		if err != nil {
			return err
		}
		for _, name := range names {
			switch {
			case name.Class != asn1.ClassContextSpecific:
				return errForm
			case name.Tag == tagURI && !name.IsCompound:
				c.names.URIs = append(c.names.URIs, string(name.Bytes))
			case name.Tag == tagDNSName && !name.IsCompound:
				c.names.DNSNames = append(c.names.DNSNames, string(name.Bytes))
			default:
				c.others = append(c.others, name.Tag)
			}
		}
	}
	return nil
}

// all iterates over the values of an extension.
func (c *content) all(id string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, e := range c.extensions {
			if e.id == id && !yield(string(e.value)) {
				return
			}
		}
	}
}
