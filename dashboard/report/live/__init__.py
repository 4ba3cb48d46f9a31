"""The part of a report that draws by itself: a network, what runs it, and the noise, all in the one file."""
