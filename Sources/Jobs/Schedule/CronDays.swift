/// The two day fields and the rule that joins them.
struct CronDays: Hashable, Sendable {
    private let ofMonth: CronFieldValues
    private let ofWeek: CronFieldValues
    private let isAnyOfMonth: Bool
    private let isAnyOfWeek: Bool

    init(ofMonth: CronFieldValues, ofWeek: CronFieldValues) {
        isAnyOfMonth = ofMonth.values == 0xFFFF_FFFE
        isAnyOfWeek = ofWeek.values == 0xFF
        self.ofMonth = ofMonth
        var week = ofWeek
        if week.values.has(7) { week.values |= 1 }
        self.ofWeek = week
    }

    /// - Parameter day: since 1970.
    func match(_ day: Int, in months: UInt64) -> Bool {
        let date = CivilDate(daysSince1970: day)
        guard months.has(date.month) else { return false }
        if isAnyOfMonth, isAnyOfWeek { return true }
        return !isAnyOfMonth && matchesMonth(date) || !isAnyOfWeek && matchesWeek(date, day)
    }

    /// Whether a year of these months ever has such a day.
    func canFall(in months: UInt64) -> Bool {
        guard !isAnyOfMonth, isAnyOfWeek, !ofMonth.isLastDay else { return true }
        return (1...12).contains { month in
            // A leap year, which has the most days.
            let length = CivilDate.length(ofMonth: month, year: 2_000)
            return months.has(month) && (1...length).contains { ofMonth.values.has($0) }
        }
    }

    private func matchesMonth(_ date: CivilDate) -> Bool {
        ofMonth.values.has(date.day)
            || ofMonth.isLastDay && date.day == CivilDate.length(ofMonth: date.month, year: date.year)
    }

    private func matchesWeek(_ date: CivilDate, _ day: Int) -> Bool {
        let weekday = CivilDate.weekday(daysSince1970: day)
        if ofWeek.values.has(weekday) { return true }
        if ofWeek.numberedWeekdays[weekday] & (1 << UInt8((date.day + 6) / 7)) != 0 { return true }
        return ofWeek.lastWeekdays & (1 << UInt8(weekday)) != 0
            && date.day + 7 > CivilDate.length(ofMonth: date.month, year: date.year)
    }
}
