package cmd

import "github.com/spf13/cobra"

func newTribesCmd(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "tribes COMMAND",
		Short: "speak and read the cluster protocol of Apache Tomcat",
		Long: `The cluster protocol of Apache Tomcat (package org.apache.catalina.tribes):
heartbeats by multicast UDP, messages by TCP.`,
		Args: commandGroupArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		newTribesConfigCmd(a),
		newTribesDecodeCmd(a),
		newTribesJoinCmd(a),
		newTribesLogsCmd(a),
		newTribesMembersCmd(a),
		newTribesProbeCmd(a),
		newTribesSendCmd(a),
		newTribesSessionsCmd(a),
	)
	return c
}
