"""Watch channels, for `sync_calendar` and `renew_channels`."""
