package flags

import (
	"errors"
	"strings"

	"github.com/trustgen/trustgen/ca"
)

// Label is a flag for one label of a DNS name, such as a namespace.
type Label string

func (f *Label) String() string { return string(*f) }

// Type implements [pflag.Value].
func (f *Label) Type() string { return "name" }

// Set implements [pflag.Value].
func (f *Label) Set(s string) error {
	*f = Label(s)
	return checkLabel(s)
}

// Labels is a flag for several of them.
type Labels []string

func (f *Labels) String() string { return strings.Join(*f, ",") }

// Type implements [pflag.Value].
func (f *Labels) Type() string { return "name" }

// Set implements [pflag.Value].
func (f *Labels) Set(s string) error { return appendEach((*[]string)(f), s, checkLabel) }

// DNSNames is a flag for DNS names.
type DNSNames []string

func (f *DNSNames) String() string { return strings.Join(*f, ",") }

// Type implements [pflag.Value].
func (f *DNSNames) Type() string { return "name" }

// Set implements [pflag.Value].
func (f *DNSNames) Set(s string) error { return appendEach((*[]string)(f), s, ca.CheckDNSName) }

func checkLabel(s string) error {
	if err := ca.CheckDNSName(s); err != nil || strings.Contains(s, ".") {
		return errors.New("expected a DNS-1123 label: a-z, 0-9 and -")
	}
	return nil
}

// appendEach appends names that are separated by commas.
func appendEach(all *[]string, s string, check func(string) error) error {
	for name := range strings.SplitSeq(s, ",") {
		if err := check(name); err != nil {
			return err
		}
		*all = append(*all, name)
	}
	return nil
}
