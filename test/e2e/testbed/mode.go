package main

import (
	_ "embed" // the guides
	"testing"
)

// mode is how the clusters of a mesh get certificates below the root.
type mode struct {
	guide string
	// join starts a cluster with an istiod, from the trust directory in dir.
	join func(t testing.TB, dir, name string) *member
}

//go:embed guide.txt
var pluginGuide string

//go:embed guide-ra.txt
var raGuide string

// modes are the modes by name. The empty name is the default.
func modes() map[string]mode {
	plugin := mode{pluginGuide, startPlugin}
	return map[string]mode{"": plugin, "plugin": plugin, "ra": {raGuide, startRA}}
}
