"""What a 纷享销客 source wants to know: its cloud, its way of showing who asks, its credentials."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from sources.api.settings import KindSettings
from sources.credentials import Credentials, shown
from warehouse.settings import TimeZone

CLOUDS = {
    "fxiaoke": "open.fxiaoke.com",
    "huawei": "open-hwcloud.fxiaoke.com",
    "alibaba": "open-ale.fxiaoke.com",
    "frankfurt": "open-hws.fxiaoke.com",
    "hong_kong": "open-ksc.sharecrm.com",
    "north_america": "open-na.sharecrm.com",
}
"""The hosts of the clouds a tenant may live in; another one is open-<where its people log in>."""


class FxiaokeSettings(KindSettings):
    """The settings of a source of kind fxiaoke.

    `token_style`: `corp` sends the token in each body (corpAccessToken), `oauth2` in a header. `page_size`: records
    a page of preset objects; custom objects never get more than 100. `timezone`: where a day of a date field begins
    when the field itself does not say. `daily_calls`: the calls bought for a day, to tell what is left.
    """

    token_style: Literal["corp", "oauth2"] = "corp"  # noqa: S105 - the name of a style
    cloud: Literal["fxiaoke", "huawei", "alibaba", "frankfurt", "hong_kong", "north_america"] | None = None
    host: str | None = Field(None, pattern=r"^(https?://)?[A-Za-z0-9.-]+(:\d+)?$")
    page_size: int = Field(1000, ge=1, le=1000)
    timezone: TimeZone = "Asia/Shanghai"
    daily_calls: int | None = Field(None, ge=1)

    @model_validator(mode="after")
    def _names_one_place(self) -> Self:
        if self.cloud is not None and self.host is not None:
            raise ValueError("give cloud or host, not both")
        return self

    @property
    def shows_token_in_body(self) -> bool:
        return self.token_style == "corp"  # noqa: S105 - the name of a style

    @property
    def base(self) -> str:
        """The address before every path, without a slash at its end."""
        place = self.host or CLOUDS[self.cloud or "fxiaoke"]
        return place if "://" in place else f"https://{place}"


class FxiaokeCredentials(Credentials):
    """Who asks: a self-built application of the tenant, and the person in whose name it reads."""

    app_id: SecretStr
    app_secret: SecretStr
    permanent_code: SecretStr
    mobile: SecretStr | None = None
    open_user_id: SecretStr | None = None

    @model_validator(mode="after")
    def _names_one_person(self) -> Self:
        if (self.mobile is None) == (self.open_user_id is None):
            raise ValueError("give exactly one of mobile and open_user_id")
        if any(not shown(each) for each in (self.app_id, self.app_secret, self.permanent_code)):
            raise ValueError("app_id, app_secret and permanent_code may not be empty")
        return self
