import Scheduling

/// What the asset is worth, which nobody sees but informed traders and, after a delay, everybody's quotes.
///
/// It stands still between news. News comes in clusters: its rate carries an activity that wanders slowly around 1. A
/// step is as likely up as down, mostly small, at times a jump; over days it is drawn back towards the starting price,
/// and it never leaves a quarter to four times of that, so that a market without end keeps prices an instrument can have.
struct EfficientPrice: Codable, Sendable {
    struct Parameters: Hashable, Codable, Sendable {
        /// Pieces of news per second at activity 1.
        var newsPerSecond: Double
        /// Mean size of a piece of news, in basis points; sizes are exponential.
        var newsBasisPoints: Double
        /// Share of the news that is a jump.
        var jumpShare: Double
        /// How many times larger a jump is.
        var jumpFactor: Double
        /// Share of the distance to the starting price that a piece of news takes back.
        var returnShare: Double
        /// Deviation of the activity's logarithm.
        var activityDeviation: Double
        /// After so long the activity has forgotten most of its past, in seconds.
        var activitySeconds: Double
    }

    let parameters: Parameters
    /// In ticks.
    private(set) var ticks: Double
    /// How busy the market is; 1 on average.
    private(set) var activity = 1.0
    private let start: Double
    /// The activity's logarithm over its deviation, before the mean is put right.
    private var mood = 0.0

    init(_ parameters: Parameters, startTicks: Double, random: inout SplitMix64) {
        self.parameters = parameters
        start = startTicks
        ticks = startTicks
        mood = random.normal()
        setActivity()
    }

    /// News arrives.
    mutating func step(_ random: inout SplitMix64) {
        var size = random.exponential() * parameters.newsBasisPoints
        if random.chance(parameters.jumpShare) { size *= parameters.jumpFactor }
        let change = (random.chance(0.5) ? size : -size) * ticks / 10_000
        move(by: change - (ticks - start) * parameters.returnShare)
    }

    /// A trade taught something: the worth follows it, by basis points.
    mutating func learn(basisPoints: Double) { move(by: ticks * basisPoints / 10_000) }

    /// Changes by so many ticks; what would leave the bounds turns back.
    private mutating func move(by change: Double) {
        let moved = ticks + change
        ticks = moved < start / 4 || moved > start * 4 ? ticks - change / 2 : moved
    }

    /// Called ``moodChangesPerSecond`` times a second.
    mutating func changeMood(_ random: inout SplitMix64) {
        let share = 1 / (parameters.activitySeconds * EfficientPrice.moodChangesPerSecond)
        mood = mood * (1 - share) + (2 * share).squareRoot() * random.normal()
        setActivity()
    }

    static let moodChangesPerSecond = 0.2

    private mutating func setActivity() {
        let deviation = parameters.activityDeviation
        activity = seriesExponential(deviation * min(max(mood, -3), 3) - deviation * deviation / 2)
    }
}
