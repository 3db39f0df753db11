// Package kill kills the program at every call that changes files, and checks what the next command
// makes of the trust directory.
package kill
