import TradingCore

/// Notices when the price has moved too far within a window of time.
///
/// Keeps at most 64 samples, one per 64th of the window; the bound makes its memory and time constant.
struct PriceMoves: Sendable {
    private struct Sample: Sendable {
        var time: Timestamp
        var lowest: ReferencePrice
        var highest: ReferencePrice
    }

    private let parameters: SuddenMoveParameters
    private var spacing: Int64 { parameters.windowNanoseconds / 64 }
    private var samples: [Sample] = []

    init(_ parameters: SuddenMoveParameters) {
        self.parameters = parameters
    }

    /// Takes a price in and says whether it lies too far from any other of the window.
    mutating func isSudden(_ price: ReferencePrice, at now: Timestamp) -> Bool {
        let start = now.advanced(byNanoseconds: -parameters.windowNanoseconds)
        samples.removeAll { $0.time < start }
        if let last = samples.last, now.nanoseconds(since: last.time) < spacing || samples.count >= 64 {
            samples[samples.count - 1].lowest = min(last.lowest, price)
            samples[samples.count - 1].highest = max(last.highest, price)
        } else {
            samples.append(Sample(time: now, lowest: price, highest: price))
        }
        return samples.contains {
            $0.lowest.isFurther(from: price, thanTrillionths: parameters.thresholdTrillionths)
                || $0.highest.isFurther(from: price, thanTrillionths: parameters.thresholdTrillionths)
        }
    }

    /// Whether a price taken in now would be a sample of its own.
    func isDue(at now: Timestamp) -> Bool {
        guard let last = samples.last else { return true }
        return now.nanoseconds(since: last.time) >= spacing
    }

    mutating func forget() {
        samples.removeAll(keepingCapacity: true)
    }
}
