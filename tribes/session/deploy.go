package session

import "muster/tribes/javaser"

// File is a piece of a web application on its way to the other nodes
// (H/deploy/FileMessage of FarmWarDeployer).
type File struct {
	FileName  string
	Context   string
	Number    int32 // of the piece, from 1
	Total     int64 // pieces: one too many where the size is a multiple of 10240
	Data      []byte
	Valid     int32 // bytes of Data that count; it is 10240 long
	Timestamp int64 // Unix ms

	class *javaser.Class
	nulls [2]bool // FileName, Context
	rest  *javaser.Object
}

// Undeploy tells that a web application is gone (H/deploy/UndeployMessage).
type Undeploy struct {
	Context   string
	UniqueID  string
	Timestamp int64 // Unix ms
	Address   *Member

	class *javaser.Class
	nulls [2]bool // Context, UniqueID
}

const (
	fileClass     = "org.apache.catalina.ha.deploy.FileMessage"
	undeployClass = "org.apache.catalina.ha.deploy.UndeployMessage"
)

func readFile(o *javaser.Object) (*File, error) {
	r := read(o, fileClass)
	f := &File{
		Number: r.int32("messageNumber"), Total: r.int64("totalNrOfMsgs"), Data: r.bytes("data"),
		Valid: r.int32("dataLength"), class: o.Class, rest: o,
	}
	f.FileName, f.nulls[0] = r.text("fileName")
	f.Context, f.nulls[1] = r.text("contextName")
	if base, ok := o.Part(baseClass); ok {
		f.Timestamp, _ = base.Int64("timestamp")
	}
	return f, r.err
}

// Append writes f, which was read, as a whole stream.
func (f *File) Append(b []byte) ([]byte, error) {
	o, err := assemble(f.class, func(c *javaser.Class, field string) any {
		switch c.Name + " " + field {
		case fileClass + " messageNumber":
			return f.Number
		case fileClass + " totalNrOfMsgs":
			return f.Total
		case fileClass + " data":
			return bytesValue(f.Data)
		case fileClass + " dataLength":
			return f.Valid
		case fileClass + " fileName":
			return textValue(f.FileName, f.nulls[0])
		case fileClass + " contextName":
			return textValue(f.Context, f.nulls[1])
		case baseClass + " timestamp":
			return f.Timestamp
		}
		return kept(f.rest, c, field) // totalLength of 7.0, the base's uniqueId
	})
	if err != nil {
		return b, err
	}
	return javaser.AppendMerged(b, o)
}

// kept is a field as it was read.
func kept(o *javaser.Object, c *javaser.Class, field string) any {
	p, ok := o.Part(c.Name)
	if !ok {
		return nil
	}
	if v := p.Prim(field); v != nil {
		return v
	}
	if v, _ := p.Ref(field); v != nil {
		return v
	}
	return nil
}

func readUndeploy(o *javaser.Object) (*Undeploy, error) {
	r := read(o, undeployClass)
	u := &Undeploy{Timestamp: r.int64("timestamp"), class: o.Class}
	u.Context, u.nulls[0] = r.text("contextName")
	u.UniqueID, u.nulls[1] = r.text("uniqueId")
	address := r.ref("address")
	if r.err != nil {
		return nil, r.err
	}
	var err error
	u.Address, err = readMember(address)
	return u, err
}

// Append writes u, which was read, as a whole stream.
func (u *Undeploy) Append(b []byte) ([]byte, error) {
	address, err := memberObjects{}.of(u.Address)
	if err != nil {
		return b, err
	}
	o, err := assemble(u.class, func(_ *javaser.Class, field string) any {
		switch field {
		case "timestamp":
			return u.Timestamp
		case "address":
			return address
		case "contextName":
			return textValue(u.Context, u.nulls[0])
		case "uniqueId":
			return textValue(u.UniqueID, u.nulls[1])
		}
		return nil
	})
	if err != nil {
		return b, err
	}
	return javaser.AppendMerged(b, o)
}
