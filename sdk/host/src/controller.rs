//! The `controller` world: turns an approved proposal into effects, and refuses every effect that is wider.

use bongsu_sdk_model::Timestamp;
use wasmtime::{Store, component::InstancePre};

use crate::{
    Engine, Loaded, PluginError, SettingValue, Setup, Site, WorldKind,
    bindings::controller::{
        Controller as Bindings, ControllerPre, bongsu::plugin::types,
        exports::bongsu::plugin::control,
    },
    contract::shorten,
    instance::InstanceState,
    sandbox::{Sandbox, World},
};

mod within;

pub use control::{Action, Deny, Detour, Effect, Notice, Owner, Proposal, Rate, Request, Scaling};

/// Most effects of one proposal.
const MOST_EFFECTS: usize = 16;

/// A loaded controller.
pub struct Controller {
    sandbox: Sandbox<Bindings>,
    site: std::sync::Arc<dyn Site>,
}

impl Controller {
    /// Compiles a plugin and tries whether it starts.
    ///
    /// # Errors
    /// [`PluginError`]: anything that stands between these bytes and a controller that accepted its settings.
    pub fn load(engine: &Engine, bytes: &[u8], setup: &Setup) -> Result<Self, PluginError> {
        Ok(Self {
            sandbox: Sandbox::load(engine, bytes, setup)?,
            site: setup.site.clone(),
        })
    }

    /// The effects that carry out an approved proposal, each within it; an inner error is the plugin's own refusal.
    ///
    /// # Errors
    /// [`PluginError`] if the plugin failed or an effect is wider than what was approved; none may be carried out then.
    pub fn apply(
        &mut self,
        proposal: &Proposal,
        now: Timestamp,
    ) -> Result<Result<Vec<Effect>, String>, PluginError> {
        let site = &self.site;
        self.sandbox.call(
            now,
            |world, store| world.bongsu_plugin_control().call_apply(store, proposal),
            |answer| match answer {
                Err(reason) => Ok(Err(shorten(&reason))),
                Ok(effects) if effects.len() > MOST_EFFECTS => Err(format!(
                    "{} effects, the limit is {MOST_EFFECTS}",
                    effects.len()
                )),
                Ok(effects) => {
                    for effect in &effects {
                        within::check(proposal, effect, site.as_ref())?;
                    }
                    Ok(Ok(effects))
                }
            },
        )
    }

    /// What every loaded plugin can be asked.
    #[must_use]
    pub fn loaded(&self) -> Loaded<'_> {
        self.sandbox.loaded()
    }
}

impl World for Bindings {
    const KIND: WorldKind = WorldKind::Controller;
    type Pre = ControllerPre<InstanceState>;

    fn prepare(pre: InstancePre<InstanceState>) -> wasmtime::Result<Self::Pre> {
        ControllerPre::new(pre)
    }

    fn instantiate(pre: &Self::Pre, store: &mut Store<InstanceState>) -> wasmtime::Result<Self> {
        pre.instantiate(store)
    }

    fn init(
        &self,
        store: &mut Store<InstanceState>,
        settings: &[(String, SettingValue)],
    ) -> wasmtime::Result<Result<(), String>> {
        let given: Vec<types::Setting> = settings
            .iter()
            .map(|(key, value)| types::Setting {
                key: key.clone(),
                value: match value.clone() {
                    SettingValue::Boolean(value) => types::Value::Boolean(value),
                    SettingValue::Integer(value) => types::Value::Integer(value),
                    SettingValue::Number(value) => types::Value::Number(value),
                    SettingValue::Text(text) => types::Value::Text(text),
                    SettingValue::Texts(texts) => types::Value::Texts(texts),
                },
            })
            .collect();
        self.call_init(store, &given)
    }
}
