import Exchanges
import Scheduling
import TestSupport
import Testing
import TradingCore

@testable import Networking

@Suite struct LossReportTests {
    @Test func `the loss of a whole book is told always, of one that is not there only now and then`() {
        let (log, time) = (LogText(), ManualTime())
        let report = LossReport("binance market of BTC/USDT", log.logger, time: time)
        func tell(_ message: String, wasWhole: Bool) {
            report.tell(ExchangeFailure(.badResponse, exchange: "binance", message: message), wasWhole: wasWhole)
        }
        tell("first", wasWhole: false)
        for _ in 0..<1_000 { tell("within ten seconds", wasWhole: false) }
        tell("whole", wasWhole: true)
        tell("whole again", wasWhole: true)
        time.advance(byNanoseconds: Nanoseconds.seconds(10) - 1)
        tell("a moment too early", wasWhole: false)
        time.advance(byNanoseconds: 1)
        tell("ten seconds after", wasWhole: false)
        let lines = log.text.split(separator: "\n")
        #expect(lines.count == 4)
        for (line, word) in zip(lines, ["first", "whole", "whole again", "ten seconds after"]) {
            #expect(
                line.contains("binance market of BTC/USDT: ") && line.contains("badResponse") && line.contains(word))
        }
    }
}
