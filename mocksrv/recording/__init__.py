"""The journal of a session, written as a conversation that can be played."""
