import Foundation
import Scheduling
import Testing

@testable import Simulators

@Suite("Functions by series")
struct SeriesFunctionsTests {
    @Test("equal the C library's to twelve digits", arguments: [1e-300, 1e-17, 0.1, 0.7, 1, 1.5, 2, 3.7, 1e6, 1e300])
    func logarithm(value: Double) {
        #expect(abs(seriesLogarithm(value) - log(value)) <= 1e-12 * max(1, abs(log(value))))
    }

    @Test("equal the C library's to twelve digits", arguments: [-600, -20, -1, -0.3, 0, 0.34, 0.35, 1, 7.5, 600.0])
    func exponential(value: Double) {
        #expect(abs(seriesExponential(value) / exp(value) - 1) <= 1e-12)
    }

    @Test("give variates of the right mean and deviation")
    func variates() {
        var random = SplitMix64(seed: 9)
        let count = 50_000
        let normals = (0..<count).map { _ in random.normal() }
        let waits = (0..<count).map { _ in random.exponential() }
        let sizes = (0..<count).map { _ in random.logNormal(shape: 1) }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(count) }
        #expect(abs(mean(normals)) < 0.02)
        #expect(abs(mean(normals.map { $0 * $0 }) - 1) < 0.03)
        #expect(abs(mean(waits) - 1) < 0.02)
        #expect(abs(mean(sizes) - 1) < 0.05)
    }

    @Test("give distances up to the limit, near ones more often")
    func distances() {
        var random = SplitMix64(seed: 9)
        let distances = (0..<20_000).map { _ in random.distance(upTo: 100) }
        #expect(distances.allSatisfy { (1...100).contains($0) })
        #expect(distances.contains(100))
        #expect(distances.count { $0 == 1 } > distances.count { $0 == 2 })
    }
}
