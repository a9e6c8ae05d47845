/// Where messages go: a webhook, a messenger, a fan-out. Receives a message at least once, possibly again after a crash;
/// ``OutboxMessage/id`` tells a repetition.
public protocol MessageSink: Sendable {
    /// Returns once the receiver has the message for good. It must end by itself in less than ``OutboxRules/leaseNanoseconds``.
    /// - Parameter fence: of the lane's sender; a receiver may turn away one lower than it has seen.
    /// - Throws: ``MessageRefused`` when trying again is no use; anything else is tried again.
    func send(_ message: OutboxMessage, fence: Int64) async throws
}

/// One sink per topic. A message of a topic that nobody takes is refused, so that its lane is parked and seen.
public struct TopicSinks: MessageSink {
    private let sinks: [String: any MessageSink]

    public init(_ sinks: [String: any MessageSink]) { self.sinks = sinks }

    public func send(_ message: OutboxMessage, fence: Int64) async throws {
        guard let sink = sinks[message.lane.topic] else {
            throw MessageRefused("nobody takes messages of topic \(message.lane.topic)")
        }
        try await sink.send(message, fence: fence)
    }
}
