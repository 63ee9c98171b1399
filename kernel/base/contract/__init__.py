"""What a plugin hands over at boot: frozen data, no behaviour.

Texts for people are source-language messages marked with `N_()`; they are translated when shown.
A `feature` names a `Feature` of the same plugin: the element exists only while that switch is on.
A `permission` is the id of a declared `Permission`, or `SIGNED_IN`.
"""

from __future__ import annotations

from .doing import EVERY_EVENT as EVERY_EVENT
from .doing import SIGNED_IN as SIGNED_IN
from .doing import Command as Command
from .doing import DemoData as DemoData
from .doing import EventHandler as EventHandler
from .doing import FilterStep as FilterStep
from .doing import Gate as Gate
from .doing import Handler as Handler
from .doing import Happened as Happened
from .doing import HealthCheck as HealthCheck
from .doing import Job as Job
from .doing import JobFunction as JobFunction
from .doing import Metric as Metric
from .doing import ModelModule as ModelModule
from .doing import Route as Route
from .doing import Service as Service
from .doing import Subscriber as Subscriber
from .ruling import BundlePart as BundlePart
from .ruling import Feature as Feature
from .ruling import Permission as Permission
from .ruling import PrivacyProvider as PrivacyProvider
from .ruling import Quota as Quota
from .ruling import Role as Role
from .ruling import Setting as Setting
from .ruling import SwitchImpact as SwitchImpact
from .showing import Asset as Asset
from .showing import Brand as Brand
from .showing import Branding as Branding
from .showing import ErrorPages as ErrorPages
from .showing import ErrorText as ErrorText
from .showing import MenuItem as MenuItem
from .showing import SearchHit as SearchHit
from .showing import SearchSource as SearchSource
from .showing import TemplateGlobal as TemplateGlobal
from .showing import Widget as Widget
from .telling import Money as Money
from .telling import Notice as Notice
from .telling import NoticeSink as NoticeSink
from .telling import NotificationType as NotificationType
from .telling import Text as Text
