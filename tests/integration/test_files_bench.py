from seedbox.config.benches import files

SIZE_MIB = 256
FLAT_MIB = 64  # a server that read the file into memory would grow by four times as much


class TestTheFilesBench:
    def test_fetches_from_both_servers_while_our_memory_stays_flat(self) -> None:
        told: list[str] = []
        figures = files.run(size_mib=SIZE_MIB, rounds=1, say=told.append)
        assert figures.keys() == {"node_mib_s", "nginx_mib_s", "ratio", "peak_extra_mib"}
        assert min(figures["node_mib_s"], figures["nginx_mib_s"], figures["ratio"]) > 0
        assert figures["peak_extra_mib"] < FLAT_MIB
        assert told[-1].startswith("round 1: node ")
