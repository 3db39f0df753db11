// Package kill kills the program at every call that changes files, and checks the trust
// directory after the next command.
package kill
