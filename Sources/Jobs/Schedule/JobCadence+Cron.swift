extension JobCadence {
    /// As a cron expression says, in UTC.
    /// - Throws: ``CronExpressionError`` naming field and value.
    public static func cron(_ text: String) throws(CronExpressionError) -> JobCadence {
        let expression = try CronExpression(text)
        return JobCadence("cron \(text)") { expression.next(after: $0) }
    }
}
