import Jobs

struct Filler: JobArguments {
    static let kind = "benchmark.filler"
    static let queue: QueueName = "filler"
}
