// Package mlog stands in for the driver's logging module, which not every registry has. Of the packages that the
// client needs, only the driver's own server calls it, to end when it cannot listen; that server is never started.
package mlog

// Fatal ends the program.
func Fatal(err error) {
	panic(err)
}
