// Package javaser reads and writes Java Object Serialization streams (JDK
// Object Serialization Specification, chapter 6) as plain data. It knows no
// class and makes no object of one: what a stream holds are descriptors, field
// values, strings, arrays and block data, and that is what Parse returns. So a
// hostile stream can do nothing here but be refused.
//
// Parse and Append are inverse: what parses is written again byte for byte,
// with every back reference where it was. View turns a value into what a person
// or a JSON reader expects of it: a String is text, an ArrayList a list.
//
// Names and texts are "modified UTF-8" on the wire (U+0000 is two bytes, what
// lies beyond U+FFFF two surrogates of three bytes each).
package javaser
