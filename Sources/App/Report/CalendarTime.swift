import TradingCore

/// A moment's parts by the calendar, UTC.
struct CalendarTime {
    let year: Int
    let month: Int
    let day: Int
    let secondOfDay: Int

    /// The day count is turned into a date as Howard Hinnant describes in "chrono-Compatible Low-Level Date Algorithms".
    init(nanoseconds: Int128) {
        let perDay = Int128(Nanoseconds.perDay)
        let days = nanoseconds / perDay - (nanoseconds % perDay < 0 ? 1 : 0)
        secondOfDay = Int((nanoseconds - days * perDay) / Int128(Nanoseconds.perSecond))
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `3 Mar`
    var dayText: String { "\(day) \(CalendarTime.monthNames[month - 1])" }
    /// `3 Mar 2024`
    var dateText: String { "\(dayText) \(year)" }
    /// `14:05`
    var minuteText: String {
        ReportText.padded(secondOfDay / 3_600, 2) + ":" + ReportText.padded(secondOfDay / 60 % 60, 2)
    }
    /// `14:05:09`
    var secondText: String { minuteText + ":" + ReportText.padded(secondOfDay % 60, 2) }
    /// `3 Mar 2024 14:05:09`
    var fullText: String { dateText + " " + secondText }
}
