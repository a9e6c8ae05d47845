/// What became of many lives.
struct Tally: Sendable, CustomStringConvertible {
    var atCommit = 0
    var atWrite = 0
    var atFsync = 0
    var atRandom = 0
    /// Of all these: power cuts.
    var power = 0
    /// Lives that came to their own end before their point was reached.
    var unharmed = 0
    /// Steps that were acknowledged before a kill, each checked after it and after every later one.
    var acknowledged = 0
    /// What was wrong, each with what led to it.
    var violations: [String] = []

    var kills: Int { atCommit + atWrite + atFsync + atRandom }

    mutating func count(_ plan: KillPlan) {
        switch plan.point {
        case .commit: atCommit += 1
        case .write: atWrite += 1
        case .fsync: atFsync += 1
        case .acknowledgements: atRandom += 1
        case .never: return
        }
        if plan.mode == .power { power += 1 }
    }

    static func += (left: inout Tally, right: Tally) {
        left.atCommit += right.atCommit
        left.atWrite += right.atWrite
        left.atFsync += right.atFsync
        left.atRandom += right.atRandom
        left.power += right.power
        left.unharmed += right.unharmed
        left.acknowledged += right.acknowledged
        left.violations += right.violations
    }

    var description: String {
        "\(kills) kills (\(atCommit) at commit, \(atWrite) at write, \(atFsync) at fsync, \(atRandom) at random; "
            + "\(power) power cuts), \(acknowledged) acknowledged steps, \(violations.count) lost"
    }
}
