"""What can be set on a development chain, and the figures that real chains call parameters."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameters:
    """Prices and limits. They are served by getchainparameters; clients read them there."""

    transaction_fee_sun: int = 1_000  # per byte of bandwidth that is not free
    free_net_limit_bytes: int = 600  # a day and account
    public_net_limit_bytes: int = 14_400_000_000  # a day, of all accounts together
    create_account_fee_sun: int = 100_000  # in place of bandwidth
    new_account_fee_sun: int = 1_000_000  # getCreateNewAccountFeeInSystemContract
    energy_fee_sun: int = 100
    max_fee_limit_sun: int = 15_000_000_000
    multi_sign_fee_sun: int = 1_000_000
    memo_fee_sun: int = 0
    permission_update_fee_sun: int = 100_000_000
    total_net_limit: int = 43_200_000_000
    total_net_weight: int = 26_000_000_000  # TRX that are staked on a real chain; clients divide by it
    total_energy_limit: int = 180_000_000_000
    total_energy_weight: int = 19_000_000_000
    maintenance_interval_ms: int = 21_600_000
    max_block_bytes: int = 2_000_000
    transfer_energy: int = 14_650  # of TRC-20, to a holder
    new_holder_transfer_energy: int = 29_650


@dataclass(frozen=True, slots=True)
class Checks:
    """Checks of a broadcast that java-tron has off by default."""

    is_unsolidified_block_refused: bool = False  # BLOCK_UNSOLIDIFIED when head - solid >= 54
    is_id_cache_on: bool = False  # DUP for every id seen in the last hour, also of refused ones
    pending_at_most: int = 2_000  # SERVER_BUSY above; pending and re-pushed together


@dataclass(frozen=True, slots=True)
class Lags:
    """What a reader is shown less than there is."""

    solid: int = 19  # blocks from the head to the solid block
    head: int = 0  # newest blocks that are kept from view
    solid_held_at: int | None = None  # the solid block stays at this number, however the head grows
