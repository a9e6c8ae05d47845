public import TradingCore

/// A schedule as cron writes it, in UTC, with the additions of Bull's `cron-parser`: an optional first field of seconds,
/// names, `?`, `L`, `5L` (the last Friday), `1#2` (the second Monday), `@hourly` and its like.
///
/// When both days are restricted, either is enough: `0 0 1 * 1` is every first of a month and every Monday. A day of month
/// that lists all of 1-31 counts as unrestricted, as does `*` in the day of week.
public struct CronExpression: Hashable, Sendable, CustomStringConvertible {
    static let named: [(name: String, text: String)] = [
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"), ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@hourly", "0 * * * *"), ("@minutely", "* * * * *"),
        ("@secondly", "* * * * * *"),
    ]
    static let names = named.map(\.name)

    /// As it was written.
    public let description: String
    private let seconds: UInt64
    private let minutes: UInt64
    private let hours: UInt64
    private let months: UInt64
    private let days: CronDays

    public init(_ text: String) throws(CronExpressionError) {
        description = text
        var fields = text.split(whereSeparator: \.isWhitespace)
        if fields.count == 1, fields[0].hasPrefix("@") {
            let name = fields[0].lowercased()
            guard let known = Self.named.first(where: { $0.name == name }) else { throw .unknownName(name) }
            fields = known.text.split(separator: " ")
        }
        if fields.count == 5 { fields.insert("0", at: 0) }
        guard fields.count == 6 else { throw .fieldCount(fields.count, text: text) }
        seconds = try CronFieldParser(field: .second, text: fields[0]).parse().values
        minutes = try CronFieldParser(field: .minute, text: fields[1]).parse().values
        hours = try CronFieldParser(field: .hour, text: fields[2]).parse().values
        let ofMonth = try CronFieldParser(field: .dayOfMonth, text: fields[3]).parse()
        months = try CronFieldParser(field: .month, text: fields[4]).parse().values
        days = CronDays(ofMonth: ofMonth, ofWeek: try CronFieldParser(field: .dayOfWeek, text: fields[5]).parse())
        guard days.canFall(in: months) else {
            throw .noSuchDay(value: String(fields[3]), months: String(fields[4]))
        }
    }

    /// The first moment strictly later than `moment`, a whole second; nil when time as we keep it (to the year 2262) ends
    /// before there is one.
    public func next(after moment: Timestamp) -> Timestamp? {
        let (second, remainder) = moment.nanoseconds.quotientAndRemainder(dividingBy: Nanoseconds.perSecond)
        let start = Int(remainder < 0 ? second : second + 1)
        let (quotient, offset) = start.quotientAndRemainder(dividingBy: 86_400)
        let (day, secondOfDay) = offset < 0 ? (quotient - 1, offset + 86_400) : (quotient, offset)
        if days.match(day, in: months), let time = timeOfDay(from: secondOfDay) { return timestamp(day, time) }
        guard let day = firstDay(from: day + 1), let time = timeOfDay(from: 0) else { return nil }
        return timestamp(day, time)
    }

    /// - Parameter second: of a day; the answer too.
    private func timeOfDay(from second: Int) -> Int? {
        let (hour, minute) = (second / 3_600, second / 60 % 60)
        if hours.has(hour) {
            if minutes.has(minute), let next = seconds.first(from: second % 60) {
                return hour * 3_600 + minute * 60 + next
            }
            if let next = minutes.first(from: minute + 1) {
                return hour * 3_600 + next * 60 + (seconds.first(from: 0) ?? 0)
            }
        }
        guard let next = hours.first(from: hour + 1) else { return nil }
        return next * 3_600 + (minutes.first(from: 0) ?? 0) * 60 + (seconds.first(from: 0) ?? 0)
    }

    /// Looks month by month, so that a day in a far year is found in some thousand steps at most.
    private func firstDay(from day: Int) -> Int? {
        var date = CivilDate(daysSince1970: day)
        while date.year <= 2_262 {
            if months.has(date.month) {
                let length = CivilDate.length(ofMonth: date.month, year: date.year)
                for candidate in stride(from: date.day, through: length, by: 1) {
                    let number = CivilDate(year: date.year, month: date.month, day: candidate).daysSince1970
                    if days.match(number, in: months) { return number }
                }
            }
            date = CivilDate(year: date.month == 12 ? date.year + 1 : date.year, month: date.month % 12 + 1, day: 1)
        }
        return nil
    }

    private func timestamp(_ day: Int, _ second: Int) -> Timestamp? {
        let (nanoseconds, overflow) = Int64(day * 86_400 + second).multipliedReportingOverflow(
            by: Nanoseconds.perSecond)
        return overflow ? nil : Timestamp(nanoseconds: nanoseconds)
    }
}

extension UInt64 {
    func has(_ bit: Int) -> Bool { self & (1 << UInt64(bit)) != 0 }

    /// The lowest set bit from `bit` on.
    func first(from bit: Int) -> Int? {
        guard bit < 64 else { return nil }
        let rest = self >> UInt64(bit)
        return rest == 0 ? nil : bit + rest.trailingZeroBitCount
    }
}
