package session_test

import (
	"fmt"

	"muster/tribes/javaser"
	"muster/tribes/session"
)

// What a guest answers a starting Tomcat: no session here, go on.
func ExampleAnswerTransferComplete() {
	request := session.NewGetAllSessions(session.Gen85, "localhost#/app", 1700000000000)
	b, err := session.AnswerTransferComplete(request).Append(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := session.ParseMessage(b)
	fmt.Println(m, m.Timestamp, err)
	// Output: SESSION-STATE-TRANSFERRED#localhost#/app#SESSION-STATE-TRANSFERRED 1700000000000 <nil>
}

// What a request changed, as the data of a message.
func ExampleDelta() {
	var boxes javaser.Boxes
	d := session.Delta{SessionID: "5E55.n1", Actions: []session.Action{
		{Type: session.Attribute, Name: "hits", Value: boxes.Integer(3)},
		{Type: session.Attribute, Name: "old", Remove: true},
	}}
	b, err := d.Append(nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	got, err := session.ParseDelta(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range got.Actions {
		fmt.Println(a.Type, a.Name, a.Remove, javaser.View(a.Value, javaser.ViewOptions{}))
	}
	// Output:
	// attribute hits false 3
	// attribute old true <nil>
}
