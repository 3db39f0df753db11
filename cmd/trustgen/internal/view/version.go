package view

import (
	"fmt"
	"io"
)

// Version is the result of version.
type Version struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Table implements [Result].
func (v Version) Table(w io.Writer) error {
	_, err := fmt.Fprintf(w, "trustgen %s (%s, %s)\n", v.Version, v.Go, v.Platform)
	return err
}
