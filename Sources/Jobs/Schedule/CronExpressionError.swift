/// Why a text is no schedule.
public enum CronExpressionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Neither five nor six fields, nor a name such as `@hourly`.
    case fieldCount(Int, text: String)
    case unknownName(String)
    /// Something that is no number, name, list, range or step.
    case malformed(CronField, value: String)
    case outOfRange(CronField, value: String, allowed: ClosedRange<Int>)
    case backwardRange(CronField, value: String)
    /// No month named has such a day: 30 February.
    case noSuchDay(value: String, months: String)

    public var description: String {
        switch self {
        case .fieldCount(let count, let text):
            "cron \"\(text)\" has \(count) fields; five are needed, or six with seconds"
        case .unknownName(let name): "cron knows no \(name); it knows \(CronExpression.names.joined(separator: ", "))"
        case .malformed(let field, let value):
            "cron field \(field.rawValue): \"\(value)\" is no value, list, range or step"
        case .outOfRange(let field, let value, let allowed):
            "cron field \(field.rawValue): \"\(value)\" is not within \(allowed.lowerBound)-\(allowed.upperBound)"
        case .backwardRange(let field, let value): "cron field \(field.rawValue): range \"\(value)\" runs backwards"
        case .noSuchDay(let value, let months):
            "cron field day of month: no month of \"\(months)\" has a day \"\(value)\""
        }
    }
}

/// A field of a schedule, in the order they are written.
public enum CronField: String, CaseIterable, Sendable {
    case second
    case minute
    case hour
    case dayOfMonth = "day of month"
    case month
    case dayOfWeek = "day of week"

    /// What may be written in it. Sunday is 0 and 7.
    public var allowed: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    /// The number that a name stands for: `jan`, `MON`.
    func number(named name: Substring) -> Int? {
        let names =
            switch self {
            case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
            case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
            case .second, .minute, .hour, .dayOfMonth: [] as [String]
            }
        return names.firstIndex(of: name.lowercased()).map { $0 + allowed.lowerBound }
    }
}
