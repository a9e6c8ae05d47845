/// Moments as ISO 8601 writes them in UTC: `2023-11-14T22:13:20.000Z`.
enum UTCTimeText {
    /// The last millisecond of the year 9999: later times are written as this one.
    private static let latest: Int64 = 253_402_300_799_999

    /// - Parameter count: milliseconds since 1970; negative counts as 0.
    static func milliseconds(_ count: Int64) -> String {
        let time = min(max(count, 0), latest)
        let (days, rest) = time.quotientAndRemainder(dividingBy: 86_400_000)
        let date = date(days)
        let clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60].map { padded($0, 2) }
        let day = [padded(date.year, 4), padded(date.month, 2), padded(date.day, 2)]
        return day.joined(separator: "-") + "T" + clock.joined(separator: ":") + "." + padded(rest % 1_000, 3) + "Z"
    }

    /// The Gregorian date of a day counted from 1970, by eras of 400 years that begin in March.
    private static func date(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(width - text.utf8.count, 0)) + text
    }
}
