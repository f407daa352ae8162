// Package sarif is what of SARIF 2.1.0, the OASIS format of findings in files, a report
// needs.
package sarif

// The objects of section 3 of the standard, by its names.
type (
	Log struct {
		Schema  string `json:"$schema"`
		Version string `json:"version"`
		Runs    []Run  `json:"runs"`
	}
	Run struct {
		Tool struct {
			Driver Driver `json:"driver"`
		} `json:"tool"`
		ColumnKind string   `json:"columnKind"`
		Results    []Result `json:"results"`
	}
	Driver struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Rules   []Rule `json:"rules"`
	}
	Rule struct {
		ID    string  `json:"id"`
		Short Message `json:"shortDescription"`
		Help  Message `json:"help"`
	}
	Message struct {
		Text string `json:"text"`
	}
	Result struct {
		Rule      string     `json:"ruleId"`
		Index     int        `json:"ruleIndex"`
		Kind      string     `json:"kind"`
		Level     string     `json:"level"`
		Message   Message    `json:"message"`
		Locations []Location `json:"locations"`
		More      Properties `json:"properties"`
	}
	Properties struct {
		Confidence string `json:"confidence"`
	}
	Location struct {
		Physical Physical `json:"physicalLocation"`
	}
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *Region `json:"region,omitempty"`
	}
	Region struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn,omitempty"`
	}
)

// Schema is where a log says that its form stands.
const Schema = "https://json.schemastore.org/sarif-2.1.0.json"
