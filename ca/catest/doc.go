// Package catest provides tests with a hierarchy of valid certificates, with copies that are
// invalid in exactly one way, and with options to compare certificates.
package catest
