// Package catest gives tests a hierarchy of good certificates, the means to spoil
// one of them in exactly one way, and options to compare certificates with.
package catest
