package logs

import (
	"time"
)

// Event is one thing that happened in the life of a node, out of one record.
type Event struct {
	// Time is on the clock of the whole timeline, Written as the log has it.
	Time, Written time.Time
	// Fine is false where the log has whole seconds.
	Fine bool
	Kind Kind
	// Node is who logged it.
	Node string
	// Member is whom it is about; Peer is that member's node where it is known.
	Member Member
	Peer   string
	// App is the application, "localhost#/shop" or "/shop".
	App string
	// Key is the key of Tomcat's message, "" where the line was known by its class.
	Key string
	// Level is what the line was logged as.
	Level Level
	// Text is the line without what stands before it, Cause the innermost exception.
	Text, Cause string
	// Detail is what matters of it: an address, a class, an attribute, seconds.
	Detail string
	// File and Line are where it was read; Count is how often in a row.
	File  string
	Line  int
	Count int
	Until time.Time // the last of Count

	seq    uint64 // the how manieth that was read, of all files
	id     uint64 // of the whole line, to find a line that two files have
	thread string
	causes []string
	frames []string
	took   time.Duration // what the line says that it took
}

// kinds are the kinds of Tomcat's messages.
var kinds = map[string]Kind{
	"simpleTcpCluster.start":                              Starting,
	"simpleTcpCluster.startUnable":                        StartFailed,
	"simpleTcpCluster.channelunableToStartCluster":        StartFailed,
	"nioReceiver.start.fail":                              StartFailed,
	"nioReceiver.nioreceiverUnableToStart":                StartFailed,
	"bioReceiver.bioreceiverUnableToStart":                StartFailed,
	"receiverBase.bind.failed":                            StartFailed,
	"bioReceiver.start.fail":                              StartFailed,
	"clusterReceiverBase.unableToStartCluster":            StartFailed,
	"receiverBase.socket.bind":                            Bound,
	"SocketReplictionListener.open":                       Bound,
	"mcastServiceImpl.setSoTimeout":                       Listening,
	"mcastServiceImpl.bind":                               Listening,
	"mcastServiceImpl.waitForMembers.start":               Waiting,
	"mcastService.sleepingFor0Secs":                       Waiting,
	"simpleTcpCluster.member.added":                       Added,
	"simpleTcpCluster.member.disappeared":                 Gone,
	"tcpFailureDetector.memberDisappeared.verify":         Suspect,
	"tcpFailureDetector.still.alive":                      Alive,
	"tcpFailureDetector.suspectMember.alive":              Alive,
	"tcpFailureDetector.member.disappeared":               Dead,
	"tcpFailureDetector.suspectMember.dead":               Dead,
	"tcpFailureDetector.already.disappeared":              AlreadyGone,
	"tcpFailureDetector.performBasicCheck.memberAdded":    NotNotified,
	"tcpFailureDetector.memberAddedEvenThough":            NotNotified,
	"deltaManager.waitForSessionState":                    StateAsked,
	"deltaManager.sessionReceived":                        StateReceived,
	"simpleTcpReplicationManager.manager0SessionState":    StateReceived,
	"deltaManager.noSessionState":                         StateTimeout,
	"simpleTcpReplicationManager.manager0NoSession":       StateTimeout,
	"deltaManager.noContextManager":                       StateNoApp,
	"deltaManager.noMembers":                              StateAlone,
	"parallelNioSender.send.fail.retrying":                SendFailing,
	"parallelNioSender.send.fail":                         SendFailing,
	"parallelNioSender.sender.disconnected.notRetry":      SendFailing,
	"simpleTcpCluster.sendFailed":                         SendFailed,
	"IDataSender.send.lost":                               SendFailed,
	"IDataSender.send.crash":                              SendFailed,
	"replicationTransmitter.unableToSendReplicated":       SendFailed,
	"abstractReplicatedMap.unable.replicate":              SendFailed,
	"deltaManager.registerCluster":                        Manager,
	"abstractReplicatedMap.init.start":                    MapStarted,
	"clusterSessionListener.noManager":                    NoManager,
	"encryptInterceptor.decrypt.failed":                   NoDecrypt,
	"encryptInterceptor.decrypt.error.short-message":      NoDecrypt,
	"encryptInterceptor.decrypt.replay":                   Replay,
	"groupChannel.unable.deserialize":                     NoDecode,
	"groupChannel.receiving.error":                        NoDecode,
	"clusterReceiverBase.unableToDeserializeSession":      NoDecode,
	"deltaManager.receiveMessage.error":                   NoDecode,
	"simpleTcpReplicationManager.unableToReceiveMessage":  NoDecode,
	"deltaManager.createMessage.unableCreateDeltaRequest": Content,
	"standardSession.notSerializable":                     Content,
	"deltaSession.attribute0IsNot":                        Content,
	"replicatedSession.valueForAttribute0":                Content,
	"deltaSession.storingAttribute0With":                  Content,
	"simpleTcpReplicationManager.failedToSerializeThe":    Content,
	"simpleTcpReplicationManager.failedToDeserializeThe":  Content,
	"abstractReplicatedMap.unable.deserialize.MapMessage": Content,
	"abstractReplicatedMap.unable.diffObject":             Content,
	"xByteBuffer.discarded.invalidHeader":                 Foreign,
	"mcastServiceImpl.error.receiving":                    Foreign,
	"mcastServiceImpl.packet.tooLong":                     Foreign,
	"domainFilterInterceptor.member.refused":              Refused,
	"domainFilterInterceptor.memberWasRefusedTo":          Refused,
	"domainFilterInterceptor.message.refused":             Refused,
	"mcastServiceImpl.send.failed":                        McastFailed,
	"mcastServiceImpl.unable.join":                        JoinFailed,
	"mcastServiceImpl.recovery.startFailed":               JoinFailed,
	"mcastServiceImpl.recovery":                           Recovering,
	"mcastServiceImpl.recovery.successful":                Recovered,
	"abstractReplicatedMap.broadcast.noReplies":           NoReplies,
	"abstractReplicatedMap.transferState.noReplies":       NoReplies,
	"abstractReplicatedMap.heartbeat.failed":              SendFailed,
	"bioReceiver.threads.busy":                            Overload,
	"nioReceiver.threadsExhausted":                        Overload,
	"nioReceiver.channelKeyIsRegistered":                  Overload,
}
