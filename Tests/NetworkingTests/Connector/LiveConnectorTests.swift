import Testing

/// Connectors on real connections, one test after another: time runs faster for them, and a busy machine has no more of it.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LiveConnectorTests {}
