"""The only room that talks to a cluster, to Prometheus, or to a recording of one."""
