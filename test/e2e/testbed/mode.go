package main

import (
	_ "embed" // the guides
	"testing"
)

// mode is how the clusters of a mesh are on one root.
type mode struct {
	guide string
	// join starts a cluster, and in it istiod, with what the trust directory in dir has
	// for it.
	join func(t testing.TB, dir, name string) *member
}

//go:embed guide.txt
var pluginGuide string

//go:embed guide-ra.txt
var raGuide string

// modes are known by their names; the default needs none.
func modes() map[string]mode {
	plugin := mode{pluginGuide, startPlugin}
	return map[string]mode{"": plugin, "plugin": plugin, "ra": {raGuide, startRA}}
}
