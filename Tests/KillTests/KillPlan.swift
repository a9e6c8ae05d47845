import Scheduling

/// How one life of the child is to end.
struct KillPlan: Sendable, CustomStringConvertible {
    enum Point: Sendable, Equatable {
        /// The n-th time, counted from the start of the process.
        case commit(Int)
        case write(Int)
        case fsync(Int)
        /// From outside, when so many steps have been acknowledged: wherever the child is by then.
        case acknowledgements(Int)
        case never
    }

    enum Mode: String, Sendable {
        /// SIGKILL: the kernel keeps what was written.
        case kill
        /// What was not synced is lost, torn, reordered or kept in part.
        case power
    }

    var point: Point
    var mode: Mode
    /// Dies behind the operation instead of before it.
    var isAfter = false
    var seed: UInt64 = 0
    var lanes = 1
    var steps = 20
    var checkpoint = 4
    var batch = 256

    var arguments: [String] { ["steps=\(steps)", "lanes=\(lanes)", "checkpoint=\(checkpoint)", "batch=\(batch)"] }

    var environment: [String: String] {
        var variables = ["FAULTVFS_MODE": mode.rawValue, "FAULTVFS_SEED": "\(seed)"]
        let after = isAfter ? ":after" : ""
        switch point {
        case .commit(let number): variables["FAULTVFS_CRASH_AT"] = "commit:\(number)"
        case .write(let number): variables["FAULTVFS_CRASH_AT"] = "write:\(number)\(after)"
        case .fsync(let number): variables["FAULTVFS_CRASH_AT"] = "fsync:\(number)\(after)"
        case .acknowledgements, .never: break
        }
        return variables
    }

    var acknowledgements: Int? {
        if case .acknowledgements(let number) = point { number } else { nil }
    }

    var description: String {
        environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            + " crash-child \(arguments.joined(separator: " "))"
            + (acknowledgements.map { " killed after \($0) acknowledgements" } ?? "")
    }

    /// Anything that can happen to a life with several lanes.
    /// - Parameter busyness: how much more one step writes than two rows and their counters.
    static func random(_ random: inout SplitMix64, busyness: UInt64) -> KillPlan {
        var plan = KillPlan(point: .never, mode: random.below(3) == 0 ? .kill : .power)
        plan.seed = random.below(1 << 32)
        plan.lanes = [1, 2, 4, 8][Int(random.below(4))]
        plan.steps = 40 / plan.lanes
        plan.checkpoint = [1, 2, 5, 30][Int(random.below(4))]
        plan.batch = [1, 3, 256][Int(random.below(3))]
        plan.isAfter = random.below(2) == 0
        switch random.below(8) {
        case 0...1: plan.point = .commit(1 + Int(random.below(20 * busyness)))
        case 2...3: plan.point = .write(1 + Int(random.below(200 * busyness)))
        case 4...5: plan.point = .fsync(1 + Int(random.below(30 * busyness)))
        default: plan.point = .acknowledgements(1 + Int(random.below(30)))
        }
        return plan
    }
}
