package judge

// All are the checks in the catalogue's order. What the catalogue has beyond them
// takes traffic, several nodes or a log: its pages say which.
var All = []Check{
	multicastFlag, linkDown, noCarrier, noIPv4, recreated, dualHomed, nicFilter, vfTrust, bondFailover,
	macvlanParent, pointToPoint, wifi, loopbackOnly, bridgePort, txDrop, offload, routeNone, wrongInterface, routeToLo,
	routeBlocked, joinSendSplit, rpfStrict, rpfLoose, hostnameLoopback, hostnameForeign, secondarySource, inputDrop, outputDrop,
	igmpDrop, pfAllowOpts, halfOpen, pingReplyInvalid, bridgeNF, ignoreBroadcasts, defenderCheck, macosFirewall,
	selinux, systemdSandbox, capabilities, querierZero, versionCompat, versionForced, unregisteredDrop,
	localSnooping, isolation, macAlias, linkLocalRange, tableFull, fastLeave, noReport, mldSnooping, multicastRouter, ttlZero,
	groupInvalid, groupReserved, ssmAsASM, wellKnown, ipv6Scope, ipv6Disabled, javaIPv6, portInUse,
	reuseMismatch, loopOff, multicastAll, joinInterface, bindGroup, deaf, limitMemberships, limitSources, limitOptmem,
	rcvbufOverflow, sendNobufs, unacked, fragmentLoss, mtuMismatch, vrfCheck, netnsMismatch, dockerBridge, dockerOverlay,
	kubernetesCNI, aws, azure, gcp, hypervisor, wsl2, vpn, rootless, advertisesLoopback, sourceMismatch,
	dropTime, stopped, clockSkew, receiverPort, notJoined, exposedPort,
}
