package logs

// Kind is what a line tells of the cluster.
type Kind string

const (
	Starting      Kind = "starting"       // the cluster is about to start
	Started       Kind = "started"        // the server is up
	Stopping      Kind = "stopping"       // an orderly stop begins
	StartFailed   Kind = "start_failed"   // the cluster or one of its parts did not start
	Bound         Kind = "bound"          // the receiver listens at an address
	Listening     Kind = "listening"      // the membership service runs
	Waiting       Kind = "waiting"        // it waits for members before it goes on
	Added         Kind = "added"          // a member came
	Gone          Kind = "gone"           // a member was reported as gone
	Suspect       Kind = "suspect"        // a member is missed, its receiver is asked
	Alive         Kind = "alive"          // its receiver answered: it stays
	Dead          Kind = "dead"           // its receiver did not answer: it goes
	AlreadyGone   Kind = "already_gone"   // it was no member any more, or never had been
	NotNotified   Kind = "not_notified"   // TCP found a member whose heartbeats were not heard
	StateAsked    Kind = "state_asked"    // sessions were asked for
	StateReceived Kind = "state_received" // they came
	StateTimeout  Kind = "state_timeout"  // they did not come
	StateNoApp    Kind = "state_no_app"   // the other has no such application
	StateAlone    Kind = "state_alone"    // nobody to ask
	SendFailing   Kind = "send_failing"   // a send failed and is tried again
	SendFailed    Kind = "send_failed"    // a message was not sent
	Manager       Kind = "manager"        // an application's manager takes part in the cluster
	Deploying     Kind = "deploying"      // an application is deployed
	NoManager     Kind = "no_manager"     // a message for an application that has no manager here
	NoDecrypt     Kind = "no_decrypt"     // a message does not decrypt
	Replay        Kind = "replay"         // a message is taken for a replay
	NoDecode      Kind = "no_decode"      // a message decodes to no object
	Content       Kind = "content"        // what is in a session cannot travel
	Foreign       Kind = "foreign"        // bytes came that are none of the cluster's
	Refused       Kind = "refused"        // a member or message of another domain was refused
	McastFailed   Kind = "mcast_failed"   // a heartbeat could not be sent
	JoinFailed    Kind = "join_failed"    // the group could not be joined
	Recovering    Kind = "recovering"     // the membership service is being restarted
	Recovered     Kind = "recovered"      // it runs again
	Setting       Kind = "setting"        // a setting of server.xml was not understood
	Overload      Kind = "overload"       // threads, queues or buffers are exhausted
	NoReplies     Kind = "no_replies"     // a replicated map asked and nobody answered
	MapStarted    Kind = "map_started"    // a replicated map takes part in the cluster
	Release       Kind = "release"        // the release of Tomcat
	Problem       Kind = "problem"        // a line with a meaning of its own (see Key)
)
