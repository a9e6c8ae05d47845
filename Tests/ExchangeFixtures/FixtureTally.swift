/// What became of one case.
public enum FixtureOutcome: Hashable, Sendable {
    case passed
    /// Why, one line for each difference.
    case failed([String])
    /// Only cases of the tier *extra* may be answered so.
    case notSupported(String)
}

/// Outcomes of many cases.
public struct FixtureTally: Sendable {
    public struct Entry: Hashable, Sendable {
        public var id: String
        public var outcome: FixtureOutcome

        public init(_ id: String, _ outcome: FixtureOutcome) {
            self.id = id
            self.outcome = outcome
        }
    }

    public private(set) var entries: [Entry] = []

    public init() {}

    public mutating func add(_ id: String, _ outcome: FixtureOutcome) { entries.append(Entry(id, outcome)) }
    public mutating func add(_ other: FixtureTally) { entries += other.entries }

    public var passed: Int { entries.count { $0.outcome == .passed } }
    public var failures: [Entry] {
        entries.filter { if case .failed = $0.outcome { true } else { false } }
    }
    public var skipped: [Entry] {
        entries.filter { if case .notSupported = $0.outcome { true } else { false } }
    }

    /// What a person reads: each failure with what was expected and found, each case not supported, the sums.
    public var report: String {
        var lines: [String] = []
        for entry in entries {
            switch entry.outcome {
            case .passed: break
            case .failed(let reasons):
                lines.append("FAILED \(entry.id)")
                lines += reasons.prefix(12).map { "    " + $0 }
                if reasons.count > 12 { lines.append("    and \(reasons.count - 12) more") }
            case .notSupported(let reason): lines.append("not supported \(entry.id): \(reason)")
            }
        }
        lines.append(summary)
        return lines.joined(separator: "\n")
    }

    public var summary: String {
        let line = "\(passed) passed, \(failures.count) failed"
        return skipped.isEmpty ? line : line + ", \(skipped.count) skipped"
    }
}
