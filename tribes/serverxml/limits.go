package serverxml

// Bounds of what is read. The largest server.xml met in the field has some
// thousand lines; these leave room for hundreds of times that and still keep the
// memory of a hostile file within tens of megabytes.
const (
	maxBytes        = 4 << 20 // of one file
	maxDepth        = 64      // Tomcat's own deepest path has 9 levels
	maxElements     = 50_000
	maxAttributes   = 200_000
	maxEntities     = 256 // remembered; the rest are only counted
	maxClusters     = 64  // judged; as are the next two
	maxInterceptors = 256
	maxPorts        = 1_024
	maxFindings     = 1_000    // of one file
	maxExpanded     = 64 << 10 // bytes of one value after its placeholders are replaced
	maxValue        = 256      // characters of a value shown in a sentence
)
