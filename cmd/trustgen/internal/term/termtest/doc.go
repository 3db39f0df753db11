// Package termtest has terminals for tests.
package termtest
