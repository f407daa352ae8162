// Package stage has Tomcat's channel interceptors (T/group/interceptors) as
// stages of a channel.Stack: what they do to bytes is in package interceptor,
// here is when, in which order, and what is counted.
//
// The order is the configuration's, the application's end first. Both ends of a
// connection need the same stages in the same order:
//
//	stage.NewEncrypt(seal, stage.EncryptConfig{})  // above the rest of them
//	stage.NewFragment(0)
//	channel.NewStack(handler, sender.Deliver, stages...)
//
// A stage that drops what arrives counts it and keeps the reason; Faults turns
// that into verdicts.
package stage
