import Testing

@testable import Exchanges

@Suite struct StayAwayTests {
    @Test(arguments: [(RateRefusal.Degree.slowDown, Int64(1_000)), (.banned, 120_000)])
    func `a burst of refusals is one complaint, and each that follows a wait doubles it`(
        _ degree: RateRefusal.Degree, _ first: Int64
    ) {
        var away = StayAway()
        for late in 0..<12 { away.refused(RateRefusal(degree), now: Int64(late)) }
        #expect(away.until == first + 11)
        away.refused(RateRefusal(degree), now: first + 11)
        #expect(away.until == first + 11 + 2 * first)
        away.welcomed(now: first + 11 + 2 * first)
        #expect(away.until == nil)
        away.refused(RateRefusal(degree), now: 10 * first)
        #expect(away.until == 11 * first)
    }
}
