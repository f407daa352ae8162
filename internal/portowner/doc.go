// Package portowner names the processes that have a port, so that "address
// already in use" is not the end of the story.
package portowner
