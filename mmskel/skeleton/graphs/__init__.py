"""Graphs over the joints of a layout: hops and partitions, and the graphs that single systems are built on."""
