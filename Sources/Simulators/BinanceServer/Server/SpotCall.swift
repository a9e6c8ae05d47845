import TradingCore

/// One request, by whichever way it came.
struct SpotCall: Sendable {
    var operation: SpotOperation
    var text: RequestText
    var key: String?
    /// Whose weight it counts to.
    var address: String
    var unit = SpotRenderer.TimeUnit.milliseconds
    /// The WebSocket connection that it came over.
    var connection: Int?

    /// A cancel-and-replace that is to cancel even where no more orders may be placed now.
    var cancelsAnyway: Bool {
        operation == .replace
            && text.parameters.contains { $0.name == "orderRateLimitExceededMode" && $0.value == "CANCEL_ONLY" }
    }
}

/// What is sent back, or not.
struct SpotReply: Sendable {
    var status = 200
    var body: JSON = [:]
    var error: SpotError?
    var usedWeight = 0
    /// Orders of the account in ten seconds and the day, on answers to orders.
    var orderCounts: (short: Int, day: Int)?
    /// Nothing is sent, and the connection is closed.
    var hangsUp = false

    mutating func fail(_ error: SpotError) {
        self.error = error
        status = error.status
        body = error.body
    }

    var headers: [(name: String, value: String)] {
        var headers = [
            ("X-MBX-USED-WEIGHT", "\(usedWeight)"), ("X-MBX-USED-WEIGHT-1M", "\(usedWeight)"),
        ]
        if let orderCounts {
            headers.append(("X-MBX-ORDER-COUNT-10S", "\(orderCounts.short)"))
            headers.append(("X-MBX-ORDER-COUNT-1D", "\(orderCounts.day)"))
        }
        if let seconds = error?.retryAfter { headers.append(("Retry-After", "\(seconds)")) }
        return headers.map { (name: $0.0, value: $0.1) }
    }
}
