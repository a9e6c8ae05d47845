import Persistence
import Scheduling

/// Something to be in the middle of when the process dies.
///
/// A step is told by its identifier alone what to do, so that whoever checks knows what must be there. Steps of several
/// lanes run at once; a step is acknowledged when it returns.
protocol CrashWorkload: Sendable {
    static var name: String { get }
    var migrations: [Migration] { get }
    init()
    /// - Throws: ``StepRefused`` when it was told to fail, or what the database says.
    func step(_ step: StepID, in database: any SQLDatabase) async throws
    /// Works beside the steps until its task is cancelled.
    func serve(_ database: any SQLDatabase) async
    /// Whether nothing is left to do for what works beside the steps.
    func isQuiet(_ database: any SQLDatabase) async throws -> Bool
    /// - Parameter isQuiet: everything must have come to its end.
    /// - Returns: what is not as it should be, a line each.
    func check(_ database: any SQLDatabase, against history: History, isQuiet: Bool) async throws -> [String]
}

extension CrashWorkload {
    func serve(_ database: any SQLDatabase) async {}
    func isQuiet(_ database: any SQLDatabase) async throws -> Bool { true }
}

/// A step of one lane in one life of the process; every one has another.
struct StepID: Hashable, Sendable, CustomStringConvertible {
    var description: String

    init(life: Int, lane: Int, number: Int) { description = "\(life).\(lane).\(number)" }
    init(_ text: String) { description = text }

    /// What the step does is drawn from this.
    var random: SplitMix64 {
        SplitMix64(
            seed: description.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 })
    }
}

/// The step's own body threw: nothing of it may be there.
struct StepRefused: Error {}

/// What the callers were told.
struct History: Sendable {
    /// Acknowledged: must be there.
    var kept: [StepID] = []
    /// Its own body threw: must not be there.
    var refused: [StepID] = []
    /// The database could not do it: must not be there either.
    var failed: [StepID] = []

    /// The database could not tell: whole or absent.
    var unknown = 0

    var absent: [StepID] { refused + failed }

    /// Reads the lines `kept ID`, `refused ID` and `failed ID`; others are passed over.
    init(_ text: String = "") {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            switch words.first {
            case "kept" where words.count > 1: kept.append(StepID(String(words[1])))
            case "refused" where words.count > 1: refused.append(StepID(String(words[1])))
            case "failed" where words.count > 1:
                failed.append(StepID(String(words[1])))
            default: break
            }
        }
    }

    static func += (left: inout History, right: History) {
        left.kept += right.kept
        left.refused += right.refused
        left.failed += right.failed
        left.unknown += right.unknown
    }
}
